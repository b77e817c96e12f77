"""Makes first use in a child as quick as second use."""


def up(url):
    """Imports the driver of the slot's URL and compiles what every step compiles, without a connection."""
    try:
        from sqlalchemy import create_engine

        create_engine(url)
    except Exception:
        # env.py will say what is wrong, in its own words.
        pass
