// Line icons of our own, 16 px grid, drawn with the text colour.
const PATHS = {
  home: 'M2.500 7.500 8 2.800l5.500 4.700M4 6.500V13h3V9.500h2V13h3V6.500',
  host: 'M2.500 3h11v4h-11zM2.500 9h11v4h-11zM5 5h.01M5 11h.01M8 5h3M8 11h3',
  metrics: 'M2.500 2.500v11h11M4.500 10l2.500-3.500 2.500 2 3.500-5',
  status: 'M1.500 8.500h3l1.500-5 3 9 2-6 1 2h2.500',
  search: 'M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9M10.300 10.300l3.200 3.200',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.800V8l2.300 1.600',
  refresh: 'M13 8a5 5 0 1 1-1.500-3.600M13.200 2.200v2.600h-2.600',
  help: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2'
    + 'M6.200 6.300a1.800 1.800 0 1 1 2.600 1.600c-.6.300-.8.700-.8 1.200M8 11.300h.01',
  user: 'M8 3a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5M3 13.500c.5-2.500 2.500-3.800 5-3.800s4.500 1.300 5 3.800',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  close: 'M4 4l8 8M12 4l-8 8',
  down: 'M4.500 6.500 8 10l3.500-3.500',
  table: 'M2.500 3h11v10h-11zM2.500 6.500h11M2.500 9.800h11M6.500 6.500V13',
  expand: 'M9.500 2.500h4v4M6.500 13.500h-4v-4M13.500 2.500 9.300 6.700M2.500 13.500l4.200-4.200',
  code: 'M5.500 4.500 2 8l3.500 3.500M10.500 4.500 14 8l-3.500 3.500',
  plus: 'M8 3v10M3 8h10',
  trash: 'M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.5 8.500h6l.5-8.500',
  check: 'M3.500 8.500l3 3 6-7',
  warning: 'M8 2.500 14 13H2zM8 6.500V9.500M8 11.300h.01',
  menu: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h11',
  eye: 'M1.500 8C3 5 5.300 3.500 8 3.500S13 5 14.500 8C13 11 10.700 12.500 8 12.500S3 11 1.500 8'
    + 'M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4',
  same: 'M2.500 5.500h9M9 3l2.500 2.500L9 8M13.500 10.500h-9M7 8l-2.500 2.500L7 13',
  layers: 'M8 2.500 14 5.500 8 8.500 2 5.500zM2.500 8.200 8 11l5.500-2.800M2.500 10.800 8 13.500l5.500-2.700',
  minus: 'M3 8h10',
  logs: 'M3 3.500h10M3 6.500h7M3 9.500h10M3 12.500h5',
  tail: 'M3 3.500h10M3 6.500h6M8 9v4.500M5.500 11.200 8 13.700l2.500-2.500',
  groups: 'M2.500 4.500v8.500h11V5.500h-6l-1.500-2h-3.500z',
  copy: 'M5.500 5.500h8v8h-8zM3 10.500h-.5v-8h8V3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" aria-hidden="true"
      stroke="currentColor" strokeWidth={name === 'more' ? 2.2 : 1.5} strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
