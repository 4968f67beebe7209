import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  test: {
    css: false,
    fileParallelism: false,
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    server: { deps: { inline: [/@cloudscape-design/] } },
  },
});
