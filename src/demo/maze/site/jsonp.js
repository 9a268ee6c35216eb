show({"more":"/maze/data/jsonp-more"});
