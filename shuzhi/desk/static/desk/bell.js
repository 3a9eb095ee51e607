// Two short tones for an emergency, made here: no file to load.

let audio = null;

export function ring() {
  audio ??= new AudioContext();
  audio.resume();
  for (const [at, pitch] of [[0, 880], [0.22, 1175]]) {
    const tone = audio.createOscillator();
    const loud = audio.createGain();
    const start = audio.currentTime + at;
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0.0001, start);
    loud.gain.exponentialRampToValueAtTime(0.25, start + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, start + 0.2);
    tone.connect(loud).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.22);
  }
  document.dispatchEvent(new CustomEvent("centre:rung"));
}
