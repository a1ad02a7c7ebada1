from support.stores import store as store
