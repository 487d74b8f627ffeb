"""What the gateway tells whoever measures, in the text format of Prometheus."""
