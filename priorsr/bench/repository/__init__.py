"""A leaderboard's own repository: its board file, its first rows, and the workflows that verify and publish."""
