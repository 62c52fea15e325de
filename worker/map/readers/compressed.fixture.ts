/** What the command line tools `bzip2` and `zstd` made of the contents below. */

/** Lines whose compressed forms have several streams or frames. */
export const lines = Array.from({ length: 500 }, (_, index) => `line ${index * 7919}`).join("\n");
/** The first third of them. */
export const firstLines = lines.slice(0, Math.floor(lines.length / 3));
/** Long enough for several blocks. */
export const long = `${"a".repeat(1_000_000)}\n${Array.from({ length: 130_000 }, (_, index) => `${index % 30},`).join("")}`;

/** The first lines, nothing, the other lines: three streams. */
export const bzip2Streams = Buffer.from(
  [
    "QlpoMTFBWSZTWURM2CwAA3TZAAAQQAB/4AIlUANBnkUAUhQ0yT/1USApgAJoRT08RkqpkCmAAmg00AaqNNKqub32O9",
    "6JDQNAkIAoZCqiZzIFCAJDQNAkIAoZAbMAHiwAeLYAPGADZkM+2ve9r2xEc5UzMzznve25eWpfgDq4hEZ1CvN8X71u",
    "SzPFF0Nvw0xeapPRG418jgq7T3RkzEkluyXL7LoSQKLQJD7zgaW0yeOGzRa5UcWEEDgQCnaMcNh4aONzkqaMQ9W9wO",
    "eA5ihubFbNsULG8KvroqgXEZmN6kks6dcsbXeQl6oXuZBu9O80TdhxV2qhwNeOrNaeDNeUPYKY96dntu1pXRHagNh5",
    "uJJLH3egOIvFanu1St6CEzhnnQcvFWNkznSMm8ddhzDuEZTxw1YtVysqnra0CNVfrXbiSSjnCVdbypiePe6H3bk3Pb",
    "taX5e8HL06uLF+G/KYu6/eZp6A9J3ctnuR0ZMSUUnGS/fHhOfOsi7LIW9RbbOMEfGaVxKoubqXu6zotaSBlFC9ZNAZ",
    "o3kolHykvwHAXo7o+mFDKLW+mqjo2WhVs9vU8U69DXOr8a8fDRd5xLT8Si3rSiSj7JF4Ua7e69o1npaMeCeCFHcLnD",
    "DR50dqdY5uxM41ZXWgKwMcvo2zCdx72Zl2lnc7nFvdRkwOfdrnGOYsHdSzjc7iKpHmNoz3GrlvaJj0nT3LqVvVkzMz",
    "MfPqnvXT7ZviZfvoXoXhTbmMTuW0FlmmbDzYi5W5UwkZ5Ks50sqNUHPQzMGHrMzBh+DMwYehmYMP4u5IpwoSCImbBY",
    "BCWmg5F3JFOFCQAAAAAEJaaDkxQVkmU1kMkZTyAAZe2QBAEEAAf+ACJWAGsA5Xw0FBYoooooxQ00wAFU8G0/VSqekM",
    "UNNMABVU/8YFVBMFDTTAANU/0pgKqBpWBsffv0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "fmPnzGMfMZ973ve97wAAASTsxmuc7c7Uxet6rStV3FVxLHp8norzJtvbX7gjrlfZCwNxY4G3vTlQ3KGU/Zvevm3V2j",
    "dHPiI83aXDMaJWJzlZmk3J3XedxJXbu7AABbba22893sEhT3ou13LwGP22PDua7ka/Xt+qrrYmv4HEeuIVl65C2gss",
    "0oReTFF+dml04xpXzW+cxh7xev7UMWw8Pt947Z0s0y392vCiqf1xERRZYdHmKaagW83RflJWPDm6MEo19rzVfbFdvd",
    "u6AAAXd37O9bzrPz3dbzjOZnHc+96REvjSjQFxNPDgjOhBxmb4EyhULofV5eYvExPtMFB9ed5k9uuMtwKRUMwXE23f",
    "dHQ5KOJM1/TbooU0V7xhGvA52fYWUd03shIoy/LjjD4x0PJvZrzo4Qfe9730Y9IczFDh6aUWKjxMuyE6v0e97wAAAJ",
    "J7Od5z7WPVrU18Z+qH0d27SCyTCihUM0R72drpi9bSlGC6nxVKK9C8WelPRSB9Ix5uxxnnApt3zS9TVXmuN5yPH9Bh",
    "xw8a8UnextNae5/QSSRjgWzO9KgVez1izGgw3nWRvSr5guJL50LSixx3sh42xSUR3ifbO7lvSwAAAJJpnNdpd85yqm",
    "3pfe7uw6O4CpR+Mxo3ZvT3TiWMxKWrkTYo4TAl23BoqWa9JLPURMs2uLNEQY1vECFM90wpeddHVa5466IeVdrgAAAC",
    "SVjeN12tb7WbvSXr8b7kT3TOB0TkjrPQb1E56uqdzzuMdviWxzXcGbDpFIev10OSYvRJWmdLuj2CPqNItqJD3paXKx",
    "z2Pt3IvbvlrKWAAAAkjdbnb3rYxDivQ3UgOPtaiW4eT2dq9QNbrJ2k4vDLrbYPtXWBG0vhSn3UUOIzyInRurocyiYD",
    "s6qO+1z2KSbM0JAc5Pb03Oyd5VLAAABJGtbre9t4ylbJcqUqj8erc9lqso9qfuD7eu9LaA+E5sOYtb6BueUXQIjZQb",
    "eYPnydxi0S6/Lxe4prXXUOup5r5YAHBMIw9lSVy6AAAASQzUcqTO79kVglUx9thfj6rtDr5M2aezLquoDYJOtYT68v",
    "NNWzrI7PLcmN3S3uUO72Suoe1kpdBGNft3m9rGNZQCe7Gp5a33v2Z1uvenvPAAACSLwna1Qb12tZ5ae7xMCL3MIRd9",
    "C96obvAd4vOTElnnGqN41Hp0pQr6Pwgx6SVpstE4610N8/FZuh+nhcJzoSLi6cR3fvvvkl8j8+XyS+X++XyS+X4vvk",
    "l8v+LuSKcKEgGSMp5A",
  ].join(""),
  "base64",
);

/** `long` in blocks of 100,000 bytes. */
export const bzip2Long = Buffer.from(
  [
    "QlpoMTFBWSZTWUMvCS0ApKJZQIAQAAR/4CAAAAIACEABuAAKYAAKYAAE1VP1VD0n6hNCmAAP73RB9og6RB0iD8RB2i",
    "DwiD9RBxEHlEHpEHtEHhEHKIOUQaiDlEHKIOUQcog5RByiDlEHaIO0Qdog7RB2iDtEHaIOevdEHlEHmiDpEGRBqIOp",
    "VIVkQaiDJSiWRBqIMiDIg1EGRBkQaiDIgyINRBkQZEGogyIMiDUQZEHVEHSIMiD4qSG+VKSH+YoKyTKazxkML2gDvN",
    "TAAAAj/wIADuAAEA000EA000EA000BSqfqpH6p7Un1CoyFR4hUeIVHxCo/EKj9gqOQVH9BUewVHYKj7BUfyFR2Co6h",
    "UZCo6hUdQqOoVHUKjqFR1Co6hUcQqOIVHEKjiFRxCo4hUcQqPqFR6hUeoVHiFRkKjIVHiooLIVGQqMhUe+USgvkFR8",
    "QqMhUZCoyFRkKjQVGQqMhUaCoyFRkKjQVGQqMhUaCoyFRkKjxCo8QqNBUf5igrJMprJgTMcgACIqMAAACP/AgAO4AA",
    "QDTTQQDTTQQDTTQFKp+qofqNqnOoVH4hUeQVHkFR+wVH9BUcgqOfEKj4hUfUKj1Co6hUfUKjqFR1CoyFR1Co6hUeoV",
    "HqFR6hUeoVHqFRxCo4hUcQqOQVHIKjkFRyCo6hUfYKj6hUeQVGQqMhUeBKC0FRkKjKUpLQVGQqMhUZCoyFRqFRkKjI",
    "VGgqMhUZCo0FRkKjIVGgqMhUZCo0FR4hUeQVGQqP8xQVkmU1n8CBdzAHFZGAAABH/gQAG4AAgGmmggGmmgTVT1VGyn",
    "6kIBppo+oKZBTiCnEFPxBT9QU+IKeIKeoKfyCnUFPqCnqCnUFOoKZBTqCnUFOoKdQU6gp1BTqCniCniCniCnfUFPYF",
    "PYFPYFPqCnUFOoKcQUyCmQU5KiqrIKZBTAoVZBTIKZBTIKZBTIKZBTIKZBTIKZBTQKZBTIKaBTIKZBTQKcQU4gpkFO",
    "f4u5IpwoSATdR0cA==",
  ].join(""),
  "base64",
);

/** The first lines, nothing, a frame to skip, the other lines without checksum. */
export const zstdFrames = Buffer.from(
  [
    "KLUv/QRYxRAAFnJeELCl2IdAwwBkEhElzcpROBBdAFkAVgAUO+Jbu/XijYdYRRKvKMmTzi0jq6ly6NFilC7lnsXUi2",
    "Z7lWEzpP4gmmuSbEImpEFSWVGMy0QeKY/RsfnH8s6zghXTUiszwimZz6mIramG6+H5AgQGgkEYIDAQDAGymJajiTAV",
    "S3URczTxnjZyeTZxdYmgtTKkkMTFrVllKGJaQqJpU7dd3z+rJ5xiRFGsr8sRksrITCmoola3izy5k83n7Bzk3DNKKo",
    "RmSkMVF2fiT/RFEqMiBjFSOdZsrPp9//QndRKdnjfkIv1QnMzT+Irdcp/snSXHjFtieS2sp2Eaumr2t/P066BRVWiJ",
    "GM0aQ65IkVAt4wctxgryJaso0zu3dPSQLTqHqqLG07/Cg1D+qbSgCmXKun3XlkR0RtgSrSz/tZfDc6kIfmLBCUclqN",
    "MQqYiYM0ZkmLqgmo/L/YuL4ifEIg0nLGwnpER5kWANkbWRjo8Xj6cadxpJGqMzdmRsdcOAsqhRBISAtLt3kJOSlA4Q",
    "EoT5AW3Oao0ZhyelZbbkYsdae3qKumdf8AZ+CQz/MnypvQAvs0vXBXPZcal7iQ3B1pZeC9BSziTeVEjE4AiFWfaSpZ",
    "ZjIVkpE5bmFeDK3krJCqwyqVKkwguVNF26FecIJpSeLa4IbI332fA8JFeYSajOtisETsjWo3mizjOzjiIXc0/KXhPQ",
    "Rvb0oiqQTmm2KLUv/SQAAQAAmenYUVcqTRgFAAAAc2tpcCEotS/9AGiFGgD6Y1wLELCl2I7gkkBREiVlbok4OBCyAK",
    "8AsAAUbgR/u2qGHqZaP+Kq0ypbKG4vZEqWVuGrsyJ5jCNqMiyS5I0PyX9PxYxETZzlQWqdFdRxlo61491QSU2ZaB+/",
    "RC3PF6+KcHyUDaWUDku5hGO+GTQzUiQ0P/+KCooqzihseiQtS9bV1XJIPLIp5p2q0Sri/X4Tp6gSMcLRDorMOaXpLx",
    "IsmouNhFczRaLXj0uL5IVnKshEq5uTatugmAvTeFdnFiJCLfO+QJgoom4ADAIB4zk9UiLEoD5W9Y1B7OY6hhWqziXl",
    "3TSlMXmoJ39VVTWJh3SzIYUvG5MQhn2RmvGcZH5SUMU5URePaoSOarfKWLroDZVCyFKvV7XpI8i0Ew3nValZGCKOTe",
    "c7DYOXckWRaMxTK5808ZpI0st4NZ6qE8XkXlulGSxtIcXLgh23RMY3iWjiRf/mU3VJjET3jVEWyVJlYpmY688mimr4",
    "EwmVPxNSH2NmrNLPlSHR0hrKFiUZlaiU3/mMnMRB53AqSBxFI6OfrmgbpWyeaxQcYpG7eqWv2RQxNPsUh+bKK8JyHf",
    "F5BGnGXSixYqdi8pXESSbVIyOlsfdPPYSo2DvM6mhB1qKLKN9WR3wRE5lTE7ShU/25paQoGtFtJGuyEidK3LsSNTNP",
    "ZaHTzJTpIQ+PRWGE2wdRZmXhNmzjFOL6hV7jCs9opQ53u3USoSo72OmENM5efFEjKEZYE8vJGWrQ5RQBu2fOVCrkCk",
    "90VM1rowmJumyqyMcaX5VEEpnaY+nco5ApYokuvGtWjQpu8QVbPP1OiUSkTG8mpqaP5UPUkle0xi1krJig0i5mlFt+",
    "JkJUMnPyyxMOIcp4KaOGfV0mNssaM6SLovS/VSOjsDvr2ByRtKiEvtpVTmNG21+LcBFZMZVPZIj0GxMjH9pDIiOfEu",
    "uPGOvRBc0hM6nYVie7lJRM9oyHTKX6Pql6Gy9zE6csFoFFqBGMg9tu4c8BESgY8gMO3jWAIWKWF1VY4QE9AwBeEOME",
    "FqgQXkwdCjz5EL5xjdEsBBV86KgfRWe6ZoD8KOMELFAhvJgeCjz5EL5xDaNZSBnn5p0qOlNs8FxMiFleVAkiTTSkgv",
    "DPPhCROqxxozdzDoCqCg==",
  ].join(""),
  "base64",
);

/** `long` in one frame. */
export const zstdLong = Buffer.from(
  [
    "KLUv/QRgTAAACGEBAPz/5E4IAgAQYQIAEGECABBhAgAQYQIAEGECABBh1AEAEsUKDKDVMAYkSYgQ/a+bMYM9a7Ys2b",
    "Fit9qwgR41WpToUKFTadDgaZbkKK4GIAIAEVtvCnr0CJG7IEwAAAgsAQD8/zkQAkwAAAgxAQD8/zkQAk0AAAgsAQBh",
    "DB0IAZj/YRg=",
  ].join(""),
  "base64",
);

/** The first lines, their size in the header. */
export const zstdSized = Buffer.from(
  [
    "KLUv/WRGB4UQAHawWxCwpdiHQMMAJFESZW7JUTgQVwBWAFYAFlaqonxEI/qKKY+IwpvszJAOS0a48Vkau+rkNcGhky",
    "fi1LFqFPppR7VmiaEMpbRUgswpKrtikzNWjPljVPF9xBGndSszsiGZz01eaais1uw7CQEIDARDW8nf2EQaTy+uTBwe",
    "ukyz6WGphfk+wlVRNF7QCOmZWOZSHZrojMkpyWblmFedHp9okWSJfqS6EUtFZKZCEyXok6JNXA1pVG1RH6lEcaeeVk",
    "q6CemHLQXUmDHmLkYTsROd6jVfNYS+2f9q7lIuIj3HfLj2cuwmxqXkvCviVLS6hjPVktTkrctaNGWNZ1WiqNX/esth",
    "IlmZyDBFOVQVIYtLMkWig3SSICp/XtVYBYNA9bsOujKZrtW+0ZKQnZG1dnRUP8WpWHMhch8GNyxW6E4pQiTnY3hjuU",
    "HTfIqqPy1Ie4hH82xYsjZkE3YX4Wi8UcRWfOxSUTfF4o5tjrET60isAYC7qGAkOt0BkJOSJB0QEGNQH3WGtX6cgIHk",
    "tG0gt71ALRxJJpMEi5WCofFLYHa/pPqyhNYSL+tdEl0WuaS4rHopgWBLW+JaFrQkaKl3LxHnlotPvpRHAMIXBZWNG4",
    "Jc2Mup9VeIAvSa1XH1yz2e9prLvwSENkQkFNoFpLV/o1yqaBwvBe4f14PiJ9GVR8WNj5LLorittV4D1ahSVEYOpZBO",
    "abY=",
  ].join(""),
  "base64",
);
