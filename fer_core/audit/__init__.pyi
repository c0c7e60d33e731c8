from .scores import Audit as Audit
from .scores import audit_csv as audit_csv
from .scores import audit_labels as audit_labels
