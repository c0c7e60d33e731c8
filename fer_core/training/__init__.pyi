from .callbacks import Callback as Callback
from .engine import train as train
from .trackers import Tracker as Tracker
