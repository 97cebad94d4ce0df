from .bot import Storage
