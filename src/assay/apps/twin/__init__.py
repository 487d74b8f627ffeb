"""The process `twin`: each live day is run again once it is over, beside the trader."""
