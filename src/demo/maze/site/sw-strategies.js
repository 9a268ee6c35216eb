self.offline = '/maze/install/offline-page';
