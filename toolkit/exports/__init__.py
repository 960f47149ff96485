"""What is configured: connections, exports with their schedules, suites, suppressions."""
