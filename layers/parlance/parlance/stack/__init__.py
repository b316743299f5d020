"""What a deployment needs done while it is under way: custom resources of CloudFormation."""
