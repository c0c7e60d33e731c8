"""The options that `fer-core publish` and `fer-core publish-results` share."""

from dataclasses import dataclass
from pathlib import Path

from fer_core.hub.upload import UploadError, check_repository


@dataclass(frozen=True)
class PublishOptions:
    """How something is published."""

    message: str = ""
    """Message of the commit."""
    private: bool = False
    """Make a new repository visible to its owner only."""
    predictions: bool = True
    """Publish the predictions on the evaluation images too, with the images' names and labels."""
    dry_run: Path | None = None
    """Write the files to this folder, which must be empty or absent, and publish nothing."""

    def check(self, repository: str) -> None:
        """Refuse what cannot be published to, or written to, before any work.

        Args:
            repository: USER/NAME on the Hub.

        Raises:
            UploadError: for a name that the Hub does not take, or a folder with something in it.
        """
        check_repository(repository)
        folder = self.dry_run
        if folder is None or not folder.exists():
            return
        if not folder.is_dir() or any(folder.iterdir()):
            raise UploadError(f"{folder} is not an empty folder: name another one for the files")
