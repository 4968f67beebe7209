// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client';
import { DataTable } from '../src/chart/DataTable';
import { TextProvider } from '../src/i18n';
import { setPrefs } from '../src/state/prefs';
import SignIn from '../src/shell/SignIn';
import { Menu } from '../src/ui/Menu';
import { Failure } from '../src/ui/states';
import { Meter } from '../src/ui/Tile';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  setPrefs({ language: 'en' });
});

function show(children: React.ReactNode) {
  return render(
    <TextProvider>
      <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>
    </TextProvider>,
  );
}

describe('menu', () => {
  it('opens, moves with the arrows, and closes on Escape with the focus back', () => {
    const act1 = vi.fn();
    show(
      <Menu label="Actions" items={[
        { id: 'a', label: 'First', act: vi.fn() }, { id: 'b', label: 'Second', act: act1 },
      ]}>…</Menu>,
    );
    const button = screen.getByRole('button', { name: 'Actions' });
    fireEvent.click(button);
    expect(document.activeElement?.textContent).toBe('First');
    fireEvent.keyDown(document.activeElement!, { key: 'ArrowDown' });
    expect(document.activeElement?.textContent).toBe('Second');
    fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    expect(screen.queryByRole('menu')).toBeNull();
    expect(document.activeElement).toBe(button);
    fireEvent.click(button);
    fireEvent.click(screen.getByRole('menuitem', { name: 'Second' }));
    expect(act1).toHaveBeenCalledOnce();
  });
});

describe('states', () => {
  it('tells who can grant a missing permission', () => {
    show(<Failure error={new ApiError(403, 'AccessDenied', 'cloudwatch:GetMetricData', 'r1', 0)} retry={vi.fn()} />);
    expect(screen.getByRole('alert').textContent).toMatch(/Not allowed.*cloudwatch:GetMetricData.*administrator/s);
  });

  it('retries', () => {
    const retry = vi.fn();
    show(<Failure error={new Error('broken')} retry={retry} />);
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(retry).toHaveBeenCalledOnce();
  });

  it('marks a full disk with more than a colour', () => {
    const { container } = show(<Meter value={96} label="Used" />);
    expect(container.querySelector('.meter.bad')).not.toBeNull();
    expect(container.querySelector('.meter-value svg')).not.toBeNull();
    expect(screen.getByRole('meter', { name: 'Used' }).getAttribute('aria-valuenow')).toBe('96');
  });
});

describe('data table', () => {
  it('shows the newest time first, and Japanese when asked', async () => {
    const series = [{
      id: 'a', label: 'cpu', unit: 'Percent', values: [], dimensions: {}, stat: 'Average', period: 1,
      namespace: 'N', metric: 'm', axis: 'left' as const, colour: 0,
    }];
    show(<DataTable title="CPU" tz="utc" series={series} joined={{ time: [0, 1000], cells: [[1, 2]] }} />);
    expect(screen.getAllByRole('cell').map((cell) => cell.textContent)).toEqual(['2 %', '1 %']);
    act(() => setPrefs({ language: 'ja' }));
    expect(await screen.findByRole('columnheader', { name: '時刻' })).toBeTruthy();
  });
});

describe('sign-in', () => {
  const answer = (status: number, body: unknown, headers = {}) => vi.fn(async () => (
    new Response(JSON.stringify(body), { status, headers })
  ));
  const submit = async () => {
    const type = (name: string, value: string) => {
      fireEvent.change(document.querySelector(`input[name=${name}]`)!, { target: { value } });
    };
    type('username', 'admin');
    type('password', 'x');
    await act(async () => { fireEvent.submit(document.querySelector('form')!); });
  };

  it('hands the session over', async () => {
    vi.stubGlobal('fetch', answer(200, { user: 'admin', csrf: 'c' }));
    const done = vi.fn();
    show(<SignIn done={done} />);
    await submit();
    expect(done).toHaveBeenCalledWith({ user: 'admin', csrf: 'c' });
  });

  it('says that the password is wrong, and how long to wait', async () => {
    vi.stubGlobal('fetch', answer(401, { error: { code: 'InvalidCredentials' } }));
    show(<SignIn done={vi.fn()} />);
    await submit();
    expect(document.body.textContent).toContain('User or password is wrong.');
    vi.stubGlobal('fetch', answer(429, { error: { code: 'TooManyAttempts' } }, { 'retry-after': '30' }));
    await submit();
    expect(document.body.textContent).toContain('Try again in 30 seconds.');
  });
});
