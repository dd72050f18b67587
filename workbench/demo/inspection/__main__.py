"""Draw the demo inspection set: `python -m workbench.demo.inspection --out data/demo --seed 0`."""

from workbench.demo.inspection.pictures import main

raise SystemExit(main())
