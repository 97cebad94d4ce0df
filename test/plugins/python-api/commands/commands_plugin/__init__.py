from .bot import Commands
