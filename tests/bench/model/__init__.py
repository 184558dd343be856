"""The public model beside the usual way, on real photographs held out whole."""
