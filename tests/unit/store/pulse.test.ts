import { expect, test } from 'bun:test';
import { Pulse } from '../../../src/store/thread/pulse.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const OPTIONS = { everyMs: 200, silentMs: 2000 };

async function after(ms: number, clock: FakeClock): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await clock.advance(100);
}

test('who says something now and then is there', async () => {
  const clock = new FakeClock();
  const pulse = new Pulse({ clock, ...OPTIONS });
  for (let n = 0; n < 10; n += 1) {
    await after(1500, clock);
    expect(pulse.isSilent).toBe(false);
    pulse.heard();
  }
  pulse.stop();
});

test('silence is seen within its time and two looks, and ends with the next word', async () => {
  const clock = new FakeClock();
  const pulse = new Pulse({ clock, ...OPTIONS });
  await after(1900, clock);
  expect(pulse.isSilent).toBe(false);
  await after(600, clock);
  expect(pulse.isSilent).toBe(true);
  pulse.heard();
  expect(pulse.isSilent).toBe(false);
  await after(2600, clock);
  expect(pulse.isSilent).toBe(true);
  pulse.stop();
});

test('one late look proves nothing: this thread may have been the late one', async () => {
  const clock = new FakeClock();
  let skipped = 0;
  const pulse = new Pulse({ clock: { ...clock, monotonic: () => clock.monotonic() + skipped }, ...OPTIONS });
  await after(100, clock);
  skipped = 5000;
  await after(100, clock);
  expect(pulse.isSilent).toBe(false);
  pulse.heard();
  await after(200, clock);
  expect(pulse.isSilent).toBe(false);
  pulse.stop();
});
