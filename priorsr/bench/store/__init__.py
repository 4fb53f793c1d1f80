"""What lies on disk: records, SR images and faces of a results folder, verifications, a training run's files."""
