#!/bin/sh
# Started by the Lambda Web Adapter's wrapper in place of Lambda's own runtime, which would look into the layers itself.
PYTHONPATH=/opt/python exec python -m parlance.http.serving
