"""Reports: any measure by any dimension of any kind of record, as far as who asks may see it."""
