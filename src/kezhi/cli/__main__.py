from kezhi.cli import main

main()
