// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client';
import { Bars, Pie } from '../src/chart/GroupChart';
import { DataTable } from '../src/chart/DataTable';
import { TextProvider } from '../src/i18n';
import { SearchBox } from '../src/pages/logs/SearchBox';
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

describe('search box of logs', () => {
  const error = new ApiError(400, 'InvalidArgument', 'a * stands alone', '', 0, 11);

  it('underlines what is wrong where it is, also behind Japanese', () => {
    const { container } = show(<SearchBox text="日本 code=*5" anyCase={false} error={error} run={vi.fn()} />);
    expect(container.querySelector('.wherewrong u')?.textContent).toBe('=');
    expect(screen.getByRole('textbox').getAttribute('aria-invalid')).toBe('true');
  });

  it('takes case alike on demand, says what it costs, and cannot for a pattern', () => {
    const run = vi.fn();
    const { rerender } = show(<SearchBox text="Disk" anyCase={false} error={null} run={run} />);
    fireEvent.click(screen.getByRole('button', { name: 'Upper and lower case alike' }));
    expect(run).toHaveBeenCalledWith({ text: 'Disk', anyCase: true });
    expect(document.querySelector('.casecost')).toBeNull();
    rerender(<TextProvider><SearchBox text="Disk" anyCase error={null} run={run} /></TextProvider>);
    expect(document.querySelector('.casecost')?.textContent).toMatch(/every message of the range is read/);
    rerender(<TextProvider><SearchBox text="{ $.a = 1 }" anyCase error={null} run={run} /></TextProvider>);
    expect(screen.getByRole('button', { name: 'Upper and lower case alike' }).hasAttribute('disabled')).toBe(true);
  });
});

describe('numbers by group', () => {
  const groups = [{ label: 'a', value: 10 }, { label: 'b', value: -30 }, { label: 'c', value: 20 }];

  it('are bars with their values as text, in the order of the query where it has one', () => {
    show(<Bars title="n" groups={groups} keepsOrder={false} />);
    expect(screen.getAllByRole('listitem').map((one) => one.textContent)).toEqual(['c20', 'a10', 'b-30']);
    cleanup();
    show(<Bars title="n" groups={groups} keepsOrder />);
    expect(screen.getAllByRole('listitem').map((one) => one.textContent)).toEqual(['a10', 'b-30', 'c20']);
    expect(document.querySelectorAll('rect')[1]?.getAttribute('x')).toBe('0%');
  });

  it('are a pie with a summary, shares, and the rest as one', () => {
    const many = Array.from({ length: 10 }, (_, i) => ({ label: `g${i}`, value: i + 1 }));
    show(<Pie title="n" groups={many} />);
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe('8 parts; the largest is g9 with 18.2%');
    expect(screen.getAllByRole('listitem').at(-1)?.textContent).toBe('3 others610.9%');
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
