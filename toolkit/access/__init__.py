"""Who may do what in a workspace, and to whom a secret is sealed."""
