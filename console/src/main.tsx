import 'uplot/dist/uPlot.min.css';
import './base.css';
import './charts.css';
import './theme.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { makeQueryClient } from './api/hooks';
import { TextProvider } from './i18n';
import { App } from './shell/App';
import { ErrorBoundary } from './shell/ErrorBoundary';

const root = document.getElementById('root');
if (root === null) throw new Error('the document has no #root');
createRoot(root).render(
  <TextProvider>
    <ErrorBoundary>
      <QueryClientProvider client={makeQueryClient()}>
        <Router base="/ui">
          <App />
        </Router>
      </QueryClientProvider>
    </ErrorBoundary>
  </TextProvider>,
);
