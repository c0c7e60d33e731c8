"""What a published model or record is: its folder, its card, the papers it cites."""
