from .folder import AuditError as AuditError
from .folder import audit_csv as audit_csv
from .folder import read_audit as read_audit
from .folder import write_audit as write_audit
from .result import Audit as Audit
from .scores import audit_labels as audit_labels
from .summary import class_reliability as class_reliability
from .summary import transitions as transitions
