// A server with generated data that speaks docs/formats/console-api.md, for development and for
// browser tests without the real binary.
//   node test/fake-server.mjs [--port N] [--auth strict|open] [--hosts N] [--empty] [--fresh] [--api URL]
// --api: only the files of dist/ are served here, /ui/api/ is passed on to a real server.
// --fresh: the first point is as old as this process, one a second, as at a first start.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib';
import { answer, makeHosts, makeSeries } from './fake-data.mjs';
import { explore } from './fake-explore.mjs';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const DIST = fileURLToPath(new URL('../dist', import.meta.url));

function policy(nonce) {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: `
    + "blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

function fail(response, status, code, message) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { code, message, requestId: randomBytes(8).toString('hex') } }));
}

function sendJson(response, body, headers = {}) {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function sendCompressed(request, response, body, headers) {
  const accepts = String(request.headers['accept-encoding'] ?? '');
  if (accepts.includes('br')) {
    response.writeHead(200, { ...headers, 'content-encoding': 'br' });
    response.end(brotliCompressSync(body));
  } else if (accepts.includes('gzip')) {
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip' });
    response.end(gzipSync(body));
  } else {
    response.writeHead(200, headers);
    response.end(body);
  }
}

function passOn(request, response, api) {
  const { host, ...headers } = request.headers;
  const onward = httpRequest(new URL(request.url, api), { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', (error) => fail(response, 502, 'BadGateway', String(error)));
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : JSON.parse(text);
}

function sendFile(request, response, path) {
  const file = normalize(join(DIST, path));
  if (!file.startsWith(DIST)) return fail(response, 404, 'NotFound', path);
  if (extname(path) !== '') {
    if (!existsSync(file) || !statSync(file).isFile()) return fail(response, 404, 'NotFound', path);
    const headers = { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' };
    if (extname(path) === '.woff2') {
      response.writeHead(200, headers);
      return createReadStream(file).pipe(response);
    }
    return sendCompressed(request, response, readFileSync(file), headers);
  }
  const nonce = randomBytes(16).toString('base64');
  const html = readFileSync(join(DIST, 'index.html'), 'utf8').replace('__CSP_NONCE__', nonce);
  return sendCompressed(request, response, html, {
    'content-type': TYPES['.html'], 'cache-control': 'no-cache', 'content-security-policy': policy(nonce),
    'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin',
  });
}

export function startFakeServer({ port = 0, auth = 'open', hosts: hostCount = 12, empty = false,
  fresh = false, apiUrl = '' } = {}) {
  const begun = Date.now();
  const hosts = empty ? [] : makeHosts(hostCount, begun);
  const all = empty ? [] : makeSeries(hosts);
  const sessions = new Map();
  let queries = 0;

  const sessionBody = (csrf) => ({ user: 'admin', role: 'administrator', account: '000000000000',
    region: 'us-east-1', csrf, version: '0.1.0', hostId: hosts[0]?.id ?? '', auth });

  const openSession = (response) => {
    const id = randomBytes(16).toString('hex');
    const csrf = randomBytes(16).toString('hex');
    sessions.set(id, csrf);
    sendJson(response, sessionBody(csrf), { 'set-cookie': `kansoku_session=${id}; HttpOnly; SameSite=Lax; Path=/` });
  };

  const listMetrics = (response, search) => {
    const words = (search.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((one) => {
      if (search.has('namespace') && one.namespace !== search.get('namespace')) return false;
      if (search.has('name') && one.name !== search.get('name')) return false;
      const text = [one.namespace, one.name, ...Object.entries(one.dimensions).flat()].join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const from = Number(search.get('after') ?? 0);
    const limit = Math.min(500, Number(search.get('limit') ?? 500));
    sendJson(response, {
      metrics: found.slice(from, from + limit).map(({ namespace, name, dimensions, unit }) => (
        { namespace, name, dimensions, unit, lastActive: Date.now() }
      )),
      next: from + limit < found.length ? String(from + limit) : null, total: found.length,
    });
  };

  const runQueries = async (request, response) => {
    const body = await readBody(request);
    const isGzip = String(request.headers['accept-encoding'] ?? '').includes('gzip');
    response.writeHead(200, { 'content-type': 'application/x-ndjson',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}) });
    const out = isGzip ? createGzip() : response;
    if (isGzip) out.pipe(response);
    const line = (object) => out.write(`${JSON.stringify(object)}\n`);
    for (const one of Array.isArray(body) ? body : body.queries) {
      queries += 1;
      try {
        const { frame, stats } = answer(all, JSON.parse(one.text), one.range, one.maxPoints, {
          now: Date.now(), started: fresh ? begun : 0, samplesMs: fresh ? 1_000 : 10_000,
        });
        line({ id: one.id, frame });
        line({ id: one.id, stats });
      } catch (error) {
        line({ id: one.id, error: { code: 'BadQuery', message: String(error) } });
      }
    }
    out.end();
  };

  const api = async (request, response, url) => {
    const path = url.pathname.slice('/ui/api/'.length);
    const cookie = /kansoku_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    if (path === 'session' && request.method === 'POST') {
      const { user, password } = await readBody(request);
      if (user !== 'admin' || password !== 'secret') {
        return fail(response, 401, 'InvalidCredentials', 'user or password is wrong');
      }
      return openSession(response);
    }
    const csrf = sessions.get(cookie);
    if (csrf === undefined) {
      if (path === 'session' && auth === 'open') return openSession(response);
      return fail(response, 401, 'NoSession', 'sign in first');
    }
    if (request.method !== 'GET' && request.headers['x-kansoku-csrf'] !== csrf) {
      return fail(response, 403, 'CsrfMismatch', 'the header x-kansoku-csrf is missing or wrong');
    }
    for (const host of hosts) if (host !== hosts[7]) host.lastSeen = Date.now();
    if (path === 'session' && request.method === 'DELETE') {
      sessions.delete(cookie);
      response.writeHead(204);
      return response.end();
    }
    if (path === 'session') return sendJson(response, sessionBody(csrf));
    if (path === 'hosts') return sendJson(response, { hosts });
    const [, id, action] = /^hosts\/([^/]+)(\/watch)?$/.exec(path) ?? [];
    if (id !== undefined) {
      const host = hosts.find((one) => one.id === decodeURIComponent(id));
      if (host === undefined) return fail(response, 404, 'HostNotFound', `no host ${id}`);
      if (action === undefined) return sendJson(response, host);
      response.writeHead(204);
      return response.end();
    }
    if (path === 'metrics/namespaces') {
      const counts = new Map();
      for (const { namespace } of all) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
      return sendJson(response, { namespaces: [...counts].map(([namespace, metrics]) => ({ namespace, metrics })) });
    }
    if (path === 'metrics') return listMetrics(response, url.searchParams);
    if (path === 'status') {
      return sendJson(response, { version: '0.1.0', uptimeMs: Date.now() - begun + 9e6, series: all.length,
        points: all.length * 8640, diskBytes: 48_300_000, rssBytes: 44_000_000, queries, lastError: null });
    }
    const explored = explore(all, path, url.searchParams);
    if (explored !== null) return sendJson(response, explored);
    if (path === 'query' && request.method === 'POST') return runQueries(request, response);
    return fail(response, 404, 'NotFound', path);
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (apiUrl !== '' && (url.pathname.startsWith('/ui/api/') || url.pathname === '/ui/signin')) {
      passOn(request, response, apiUrl);
    } else if (url.pathname.startsWith('/ui/api/')) {
      api(request, response, url).catch((error) => fail(response, 500, 'Internal', String(error)));
    } else if (url.pathname === '/ui' || url.pathname.startsWith('/ui/')) {
      sendFile(request, response, url.pathname.slice(3) || '/');
    } else if (url.pathname === '/' && String(request.headers.accept).includes('text/html')) {
      response.writeHead(302, { location: '/ui/' });
      response.end();
    } else fail(response, 404, 'NotFound', url.pathname);
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const value = (name) => process.argv[process.argv.indexOf(name) + 1];
  const has = (name) => process.argv.includes(name);
  const { url } = await startFakeServer({
    port: has('--port') ? Number(value('--port')) : 0, auth: has('--auth') ? value('--auth') : 'open',
    hosts: has('--hosts') ? Number(value('--hosts')) : 12, empty: has('--empty'), fresh: has('--fresh'),
    apiUrl: has('--api') ? value('--api') : '',
  });
  process.stdout.write(`ready ${url}\n`);
}
