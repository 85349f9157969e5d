"""What of persons and secrets the store keeps: scrubbed on the way in, erased, told, and dropped in time."""
