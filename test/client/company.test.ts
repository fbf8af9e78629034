/** The client's picture of who is here and who steers, from messages alone. */
import test from 'ava';
import { Company } from '../../client/company.js';
import type { PresentViewer } from '../../client/models.js';
import type { StreamClientMessage } from '../../client/messages.js';

const viewer = (peer_id: string, rights: PresentViewer['rights'] = ['watch']): PresentViewer => ({
  ...{ peer_id, name: peer_id.toUpperCase(), color: '#000000', rights },
  ...{ granted: rights, is_name_certain: false },
});
const control = { mode: 'single' as const, holder: 'b', asking: [], idle_timeout_ms: 0, pads: [] };

function meeting(): { company: Company; said: StreamClientMessage[]; events: unknown[] } {
  const company = new Company();
  const said: StreamClientMessage[] = [];
  const events: unknown[] = [];
  company.attach((message) => said.push(message));
  company.on('joined', ({ peer_id }) => events.push(['joined', peer_id]));
  company.on('left', ({ peer_id }) => events.push(['left', peer_id]));
  company.on('changed', ({ peer_id }) => events.push(['changed', peer_id]));
  company.on('rights', (rights) => events.push(['rights', ...rights]));
  company.on('refused', (code) => events.push(['refused', code]));
  return { company, said, events };
}

test('a server that says nothing of it is asked for nothing', (t) => {
  const { company, said } = meeting();
  company.ask();
  company.wantPointers(true);
  t.deepEqual(said, []);
  t.false(company.isKnown);
  t.true(company.isInControl);
  t.deepEqual(company.introduction(), { name: null, pointers: true });
});

test('who is here is known at once, and then what changes', (t) => {
  const { company, events } = meeting();
  t.true(company.receive({ Presence: { you: 'a', viewers: [viewer('a'), viewer('b')] } }));
  t.deepEqual(company.you, viewer('a'));
  const put = [viewer('a', ['watch', 'keyboard']), viewer('c')];
  t.true(company.receive({ PresenceChange: { put, gone: ['b', 'unknown'] } }));
  t.deepEqual(
    company.viewers.map(({ peer_id }) => peer_id),
    ['a', 'c'],
  );
  t.deepEqual(events, [
    ['rights', 'watch'],
    ['changed', 'a'],
    ['rights', 'watch', 'keyboard'],
    ['joined', 'c'],
    ['left', 'b'],
  ]);
  company.attach(undefined);
  t.deepEqual(company.viewers, []);
  t.false(company.isKnown);
});

test('control is told, and orders go to the server', (t) => {
  const { company, said, events } = meeting();
  company.receive({ Presence: { you: 'a', viewers: [viewer('a'), viewer('b')] } });
  t.true(company.receive({ Control: control }));
  t.false(company.isInControl);
  company.receive({ Control: { ...control, holder: 'a' } });
  t.true(company.isInControl);
  company.ask();
  company.grant('b');
  company.set({ mode: 'locked' });
  company.releaseInput();
  company.wantPointers(true);
  company.wantPointers(true);
  company.rename('Ann');
  t.is(company.introduction().name, 'Ann');
  t.deepEqual(said, [
    { Control: 'Ask' },
    { Control: { Grant: { peer_id: 'b' } } },
    { Control: { Set: { mode: 'locked' } } },
    { Control: { ReleaseInput: { peer_id: null } } },
    { Pointers: { wanted: true } },
    { Rename: { name: 'Ann' } },
  ]);
  company.receive({ ControlRefused: { code: 'FORBIDDEN', reason: 'no' } });
  t.deepEqual(events.at(-1), ['refused', 'FORBIDDEN']);
  t.false(company.receive({ Resume: { secret: 'x' } }));
});
