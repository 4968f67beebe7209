// The chart that the pointer or the focus is in, for the single-key shortcuts.
export interface Panel {
  toggleQuery: () => void;
  toggleFull: () => void;
}

let current: Panel | null = null;

export function claimPanel(panel: Panel): void {
  current = panel;
}

export function currentPanel(): Panel | null {
  return current;
}
