import test from 'ava';
import { Clients, type Supersedable } from '../../src/signaling/clients.js';

class Seat implements Supersedable {
  superseded = 0;

  supersede(): void {
    this.superseded += 1;
  }
}

test('a secret is good for its own scope, for its own client, and while that is here', (t) => {
  const clients = new Clients();
  const [ann, bob, next] = [new Seat(), new Seat(), new Seat()];
  const secret = clients.enter('a', ann);
  t.not(clients.enter('a', bob), secret);
  clients.takeOver('b', secret, next);
  clients.takeOver('a', '', next);
  clients.takeOver('a', secret, ann);
  t.deepEqual([ann.superseded, bob.superseded], [0, 0]);
  clients.takeOver('a', secret, next);
  t.deepEqual([ann.superseded, bob.superseded], [1, 0]);
  clients.leave(next);
  clients.takeOver('a', secret, new Seat());
  t.is(next.superseded, 0);
});

test('the last two secrets of a client work, older ones and those of others do not', (t) => {
  const clients = new Clients();
  const seats = Array.from({ length: 4 }, () => new Seat());
  const secrets: string[] = [];
  for (const [index, seat] of seats.entries()) {
    const known = secrets[index - 1];
    if (known !== undefined) clients.takeOver('a', known, seat);
    secrets.push(clients.enter('a', seat));
  }
  const current = seats.at(-1);
  clients.takeOver('a', secrets[0] ?? '', new Seat());
  clients.takeOver('a', secrets[1] ?? '', new Seat());
  t.is(current?.superseded, 0);
  clients.takeOver('a', secrets[2] ?? '', new Seat());
  t.is(current?.superseded, 1);
});

test('who left takes nothing of a successor away', (t) => {
  const clients = new Clients();
  const [old, next] = [new Seat(), new Seat()];
  const secret = clients.enter('a', old);
  clients.takeOver('a', secret, next);
  clients.leave(old);
  clients.takeOver('a', secret, new Seat());
  t.is(next.superseded, 1);
});
