"""The readers of claims that come with gaterun: plugins like anybody's, one file each."""
