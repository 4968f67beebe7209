import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/ui/',
  plugins: [react()],
  build: {
    target: 'es2022',
    // The content security policy allows fonts from the server only, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Few files: each one is a request on first load.
            { name: 'parts', test: /src\/(ui|state|api|chart)\/(?!Plot)|react-virtual|query-core/ },
            { name: 'view', test: /node_modules\/(react|react-dom|scheduler|wouter|@tanstack)\// },
          ],
        },
      },
    },
  },
});
