self.parts = () => fetch('/maze/scripts/worker-part-fetch');
