"""What is done with what a visitor gives: photographs, videos, the camera, batches."""
