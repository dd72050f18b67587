"""What JupyterLab shows."""
