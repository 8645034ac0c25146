"""What cron runs: one module a job, and what all of them share."""
