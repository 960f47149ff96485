"""The steps that bring a workspace's database from one version to the next."""
