"""The command line `s4ntm`: one file a command. It parses, calls the library, prints."""
