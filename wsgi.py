"""What gunicorn serves."""

from game.app import create_app
from game.config import read_settings

app = create_app(read_settings())
