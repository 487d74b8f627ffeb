"""The platform's end of the link: edges dial in here, their quotes and events go on from here."""
