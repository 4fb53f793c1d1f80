"""Read users' pictures upright and in sRGB, and write results with their profile and EXIF data."""
