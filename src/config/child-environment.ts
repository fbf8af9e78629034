/**
 * What programs that we start see of our environment. It may hold the server's password, TURN
 * secrets and whatever else the operator's platform puts there. A process's environment can be read
 * in /proc and lands in core dumps.
 */
import { CONFIG_KEYS, environmentName, KEYS } from './schema.js';

/** What Node, GStreamer, drivers and the C library listen to. */
const NAMES = new Set(
  `PATH HOME USER LOGNAME SHELL TZ LANG LANGUAGE TMPDIR TERM PWD HOSTNAME DISPLAY WAYLAND_DISPLAY
   GLIBC_TUNABLES MOONTEE_LOG NO_COLOR FORCE_COLOR`.split(/\s+/),
);
const PREFIXES =
  `LC_ GST_ G_ GLIB_ GI_ GIO_ ORC_ NICE_ LD_ MALLOC_ NODE_ UV_ TSX_ OPENSSL_ SSL_CERT_ XDG_ DBUS_
   LIBVA_ VDPAU_ LIBGL_ MESA_ GALLIUM_ EGL_ __EGL_ __GL VK_ DRI_ NVIDIA_ CUDA_ MFX_ ONEVPL_ INTEL_ AMD_
   RADV_ ROCR_ HIP_ PULSE_ PIPEWIRE_ ASAN_ LSAN_ TSAN_ UBSAN_`.split(/\s+/);
/** A name that says it holds a secret, whatever it begins with. */
const SECRET = /CREDENTIAL|PASSWORD|PASSWD|SECRET|TOKEN|AUTH|COOKIE|_KEY$|_PIN$/;

/** For our own processes: what they need, and nothing else. */
export function childEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const needed = NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
    if (value !== undefined && needed && !SECRET.test(name)) shown[name] = value;
  }
  return shown;
}

/** For programs of the operator's, which may need anything: all but the secrets that are ours. */
export function withoutOurSecrets(
  environment: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const ours = new Set([
    ...CONFIG_KEYS.filter((name) => KEYS[name].secret).flatMap((name) => [
      environmentName(name),
      ...KEYS[name].aliases,
    ]),
    'TURN_PASSWORD',
  ]);
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !ours.has(name)) shown[name] = value;
  }
  return shown;
}
