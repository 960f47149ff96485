"""What a workspace holds: its folder, its database and each signed row of it, its settings, its audit."""
