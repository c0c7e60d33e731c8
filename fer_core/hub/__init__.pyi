from .download import fetch_model as fetch_model
from .download import resolve_model as resolve_model
from .upload import UploadError as UploadError
from .upload import upload_folder as upload_folder
