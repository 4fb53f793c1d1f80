"""Files: records, SR images and faces of a results folder, verifications, and a training run's files."""
