/** /metrics of a real server with two workers: who may read it, that its numbers move, and that they are those of all workers. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { Town } from '../support/town.ts';

let town: Town;
beforeAll(async () => {
  town = await Town.open();
});
afterAll(() => town[Symbol.asyncDispose]());

type Metrics = ReadonlyMap<string, number>;

async function read(base = town.url): Promise<Metrics> {
  const response = await fetch(`${base}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const parsed = lines.map((line) => /^([\w:]+(?:\{.*\})?) (\S+)$/.exec(line));
  expect(parsed).not.toContain(null);
  return new Map(parsed.map((match) => [match?.[1] ?? '', Number(match?.[2])]));
}

const of = (metrics: Metrics, name: string): number => metrics.get(name) ?? 0;

describe('the numbers', () => {
  test('are those of all workers, whichever is asked', async () => {
    const anna = await town.person('anna');
    const before = await read();
    await using one = await town.visit(anna, town.worker(0));
    await using two = await town.visit(anna, town.worker(1));
    expect(one).not.toBe(two);
    for (const base of [town.worker(0), town.worker(1)]) {
      const after = await read(base);
      expect(of(after, 'guildhall_sessions') - of(before, 'guildhall_sessions')).toBe(2);
      expect(of(after, 'guildhall_sockets')).toBe(2);
      expect(of(after, 'guildhall_sessions_live') - of(before, 'guildhall_sessions_live')).toBe(2);
      expect(of(after, 'guildhall_variants')).toBeGreaterThan(of(before, 'guildhall_variants'));
      expect(of(after, 'guildhall_worker_up{worker="0"}')).toBe(1);
      expect(of(after, 'guildhall_worker_up{worker="1"}')).toBe(1);
    }
  });

  test('move with what happens', async () => {
    const anna = await town.person('anna');
    const place = await town.guild(anna);
    await using _session = await town.visit(anna);
    const before = await read();
    const route = 'guildhall_http_requests_total{route="POST /channels/:channelId/messages",status="2xx"}';
    const turns = 'guildhall_turn_seconds_count{command="createMessage"}';
    for (const text of ['one', 'two', 'three']) await town.say(anna, place.channel, text);
    await town.rest(anna.token, 'GET', `/channels/${place.channel}/messages`);
    await fetch(`${town.url}/api/v10/users/@me`);
    await eventually('the messages are published', async () => {
      const moved = of(await read(), 'guildhall_publishes_total') - of(before, 'guildhall_publishes_total');
      return moved >= 3;
    });
    const after = await read();
    const by = (name: string): number => of(after, name) - of(before, name);
    expect([by(route), by(turns), by('guildhall_http_requests_total{route="GET /users/@me",status="4xx"}')]).toEqual([
      3, 3, 1,
    ]);
    expect(by('guildhall_commit_seconds_count')).toBeGreaterThanOrEqual(3);
    expect(by('guildhall_writes_total')).toBeGreaterThanOrEqual(6);
    expect(by('guildhall_reads_total{how="made"}')).toBe(1);
    expect(by('guildhall_log_entries')).toBeGreaterThanOrEqual(3);
    expect(by('guildhall_log_bytes')).toBeGreaterThan(300);
    expect(of(after, 'guildhall_turn_seconds_sum{command="createMessage"}')).toBeGreaterThan(0);
    expect(of(after, 'guildhall_actors{kind="g"}')).toBeGreaterThanOrEqual(1);
    expect(of(after, 'guildhall_store_state{state="open"}')).toBe(2);
    expect(of(after, 'guildhall_circuit{state="closed"}')).toBe(2);
    expect(by('guildhall_query_seconds_count{query="page"}')).toBe(1);
    expect(by('guildhall_query_seconds_count{query="commit"}')).toBe(by('guildhall_commit_seconds_count'));
    expect(of(after, 'guildhall_queries_in_flight{query="page"}')).toBe(0);
    expect(of(after, 'guildhall_loop_lag_seconds_count')).toBeGreaterThan(0);
    expect(of(after, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(of(after, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(of(after, 'guildhall_asks_in_flight')).toBe(0);
  });

  test('failures that alerts look for are there before the first of them', async () => {
    const numbers = await read(town.worker(0));
    for (const name of [
      'guildhall_faults_total{code="overloaded"}',
      'guildhall_commits_failed_total{fault="full"}',
      'guildhall_actors_ended_total{cause="bug"}',
      'guildhall_shed_total{kind="message"}',
      'guildhall_gated_total{kind="message"}',
      'guildhall_mailbox_shed_total{kind="message"}',
      'guildhall_refusals_total{refused="overloaded"}',
      'guildhall_queries_failed_total{query="pins",fault="timeout"}',
      'guildhall_queries_failed_total{query="commit",fault="stuck"}',
      'guildhall_queries_shed_total{query="pins",why="slow"}',
      'guildhall_queries_retried_total{query="pins"}',
      'guildhall_query_seconds_count{query="pins"}',
      'guildhall_queries_in_flight{query="fence"}',
      'guildhall_sockets_refused_total',
      'guildhall_sockets_closed_total{reason="rateLimited"}',
      'guildhall_sessions_gave_way_total',
      'guildhall_user_reads_total{how="late"}',
      'guildhall_read_cache_total{what="pins",how="hit"}',
      'guildhall_http_requests_total{route="POST /channels/:channelId/messages/bulk-delete",status="5xx"}',
    ]) {
      expect([name, numbers.get(name)]).toEqual([name, 0]);
    }
  });

  test('those that the README names are there', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const named = new Set([...readme.matchAll(/`(guildhall_\w+)[ `]/g)].map(([, name = '']) => name));
    expect(named.size).toBeGreaterThan(10);
    // The data service answers for itself.
    named.delete('guildhall_data_reads');
    const there = [...(await read()).keys()];
    const isThere = (name: string): boolean => there.some((one) => one.startsWith(name));
    expect([...named].filter((name) => !isThere(name))).toEqual([]);
  });

  test('a worker that is gone is shown as down, and its successor counts', async () => {
    const back = town.killWorker(1);
    await eventually(
      'worker 1 is down',
      async () => of(await read(town.worker(0)), 'guildhall_worker_up{worker="1"}') === 0,
    );
    await back;
    await eventually(
      'worker 1 is up',
      async () => of(await read(town.worker(0)), 'guildhall_worker_up{worker="1"}') === 1,
    );
  });
});

describe('who may read', () => {
  test.each(['x-forwarded-for', 'forwarded', 'via'])('a request with %s comes from somewhere else', async (name) => {
    const response = await fetch(`${town.url}/metrics`, { headers: { [name]: '10.0.0.1' } });
    expect(response.status).toBe(404);
  });

  test('nobody when it is off', async () => {
    await using quiet = await Town.open({ workers: 1, config: { metrics: 'off' } });
    expect((await fetch(`${quiet.url}/metrics`)).status).toBe(404);
  });

  test('anybody when it is on', async () => {
    await using open = await Town.open({ workers: 1, config: { metrics: 'on' } });
    expect((await fetch(`${open.url}/metrics`, { headers: { via: '1.1 proxy' } })).status).toBe(200);
  });

  test('no other method', async () => {
    expect((await fetch(`${town.url}/metrics`, { method: 'POST' })).status).toBe(404);
  });
});
