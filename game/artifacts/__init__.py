"""Files that outlive a process: images by their content, and folders of releases and models with their checksums."""
