import type { NvAnswer, NvRequest } from './nvhttp.js';
import type { Pairing } from './pairing.js';

/** What a browser gets: the secret stays in the fragment and is only ever sent back by POST. */
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moontee demo host: PIN</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; background: #10141f; color: #e8ecf5;
         display: grid; place-content: center; min-height: 100vh; margin: 0 }
  input, button { font: inherit; padding: .5rem 1rem; border-radius: .5rem; border: 0 }
  input { width: 6ch; letter-spacing: .3em; text-align: center }
</style>
<form>
  <p>Enter the PIN that the client shows.</p>
  <input name="pin" inputmode="numeric" pattern="[0-9]{4}" maxlength="4" required autofocus>
  <button>Pair</button>
  <p role="status"></p>
</form>
<script>
  const form = document.querySelector('form');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ pin: form.pin.value, secret: location.hash.slice(1) });
    const answer = await fetch('/pin/', { method: 'POST', body,
      headers: { 'Content-Type': 'application/json' } });
    form.querySelector('[role=status]').textContent =
      answer.ok ? 'PIN sent to the client.' : 'No client waits under this address.';
  });
</script>
</html>
`;

function text(status: number, body: string): NvAnswer {
  return { status, type: 'text/plain', body: `${body}\n` };
}

/** `GET /pin/` shows a form, `POST /pin/` takes `{"pin": "1234", "secret": "…"}` as Wolf does. */
export function answerPinPage(request: NvRequest, pairing: Pairing): NvAnswer {
  if (request.method === 'GET') {
    return { status: 200, type: 'text/html; charset=utf-8', body: PAGE };
  }
  if (request.method !== 'POST') return text(405, 'Only GET and POST');
  let order: unknown;
  try {
    order = JSON.parse(request.body.toString('utf8'));
  } catch {
    return text(400, 'Invalid JSON');
  }
  const { pin, secret } = (typeof order === 'object' && order !== null ? order : {}) as Record<
    string,
    unknown
  >;
  if (typeof pin !== 'string' || !/^\d{4}$/.test(pin)) return text(400, 'The PIN is four digits');
  if (typeof secret !== 'string') return text(400, 'Missing secret');
  return pairing.enterPin(secret, pin) ? text(200, 'OK') : text(404, 'No such pairing');
}
