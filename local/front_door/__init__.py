"""The one origin of the local cloud: what CloudFront and API Gateway's edges are on AWS."""
