# A Slurm cluster on loopback, without systemd and without touching the host's own: sourced by bash.
# shellcheck shell=bash
#
#	cluster_start DIR NODES [MEMORY]	munge, slurmctld and slurmd n1, n2 …; exports SLURM_CONF
#	cluster_stop				ends all of it
#
# Everything is below DIR and ends with its pid in DIR/pids. Scratch of node nX: DIR/scratch/nX.
# Needs root, because slurmd does.

cluster_port_base=${CLUSTER_PORT:-$((20000 + $$ % 10000))}

# spawn NAME COMMAND...: in the background, with its log; the pid is in $spawned.
cluster_spawn() {
	local name=$1
	shift
	"$@" >"$cluster_dir/log/$name" 2>&1 </dev/null &
	spawned=$!
	cluster_pid[$name]=$spawned
	echo "$spawned $name" >>"$cluster_dir/pids"
}

cluster_config() {
	local nodes=$1 memory=$2 i
	cat <<-END
		ClusterName=rig
		SlurmctldHost=localhost(127.0.0.1)
		SlurmctldPort=$cluster_port_base
		AuthType=auth/munge
		CredType=cred/munge
		# A requeued job waits until the credential of its last start has expired.
		AuthInfo=socket=$cluster_dir/munge/socket,cred_expire=10
		SlurmUser=root
		SlurmdUser=root
		StateSaveLocation=$cluster_dir/state
		SlurmdSpoolDir=$cluster_dir/spool/%n
		SlurmctldPidFile=$cluster_dir/slurmctld.pid
		SlurmdPidFile=$cluster_dir/slurmd-%n.pid
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SwitchType=switch/none
		MpiDefault=none
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core_Memory
		SchedulerType=sched/backfill
		SchedulerParameters=sched_min_interval=200000,batch_sched_delay=0,bf_interval=5,requeue_delay=1
		SlurmdParameters=config_overrides
		SlurmdTimeout=10
		SlurmctldTimeout=10
		MessageTimeout=10
		KillWait=5
		UnkillableStepTimeout=10
		MinJobAge=300
		InactiveLimit=0
		ReturnToService=2
		SlurmctldDebug=info
		SlurmdDebug=info
		PartitionName=vm Nodes=ALL Default=YES MaxTime=INFINITE State=UP
	END
	for ((i = 1; i <= nodes; i++)); do
		echo "NodeName=n$i NodeAddr=127.0.0.1 NodeHostname=$(hostname -s) Port=$((cluster_port_base + i)) CPUs=1 RealMemory=$memory Feature=tcg${cluster_feature[$i]:+,${cluster_feature[$i]}} State=UNKNOWN"
	done
}

cluster_munge() {
	mkdir -m 0755 -p "$cluster_dir/munge"
	head -c 1024 /dev/urandom >"$cluster_dir/munge/key"
	chmod 0400 "$cluster_dir/munge/key"
	cluster_spawn munged munged --foreground --force --num-threads=2 --key-file="$cluster_dir/munge/key" \
		--socket="$cluster_dir/munge/socket" --pid-file="$cluster_dir/munge/pid" \
		--log-file="$cluster_dir/log/munge.log" --seed-file="$cluster_dir/munge/seed"
}

cluster_slurmctld() { cluster_spawn slurmctld slurmctld -D -f "$SLURM_CONF"; }
cluster_slurmd() { cluster_spawn "slurmd-$1" slurmd -D -N "$1" -f "$SLURM_CONF"; }

# Until COMMAND is true, for SECONDS at most.
cluster_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}

cluster_idle() { [ "$(sinfo -h -N -o %T 2>/dev/null | grep -c '^idle$')" = "$1" ]; }

# The operator of the site. After an accident (a job that is on two nodes at once, as the controller
# sees it when it comes back) Slurm drains a node until somebody says that it is good.
cluster_operator() {
	local node
	while sleep 2; do
		for node in $(sinfo -h -N -t drain -o %N 2>/dev/null | sort -u); do
			echo "resume $node"
			scontrol update nodename="$node" state=resume
		done
	done
}

cluster_start() {
	local nodes=$2 memory=${3:-4000} i
	cluster_dir=$1
	declare -gA cluster_pid=()
	mkdir -p "$cluster_dir"/{log,state,spool,scratch}
	: >"$cluster_dir/pids"
	export SLURM_CONF=$cluster_dir/slurm.conf
	cluster_config "$nodes" "$memory" >"$SLURM_CONF"
	cluster_munge
	cluster_until 10 test -S "$cluster_dir/munge/socket" || return 1
	cluster_slurmctld
	for ((i = 1; i <= nodes; i++)); do
		mkdir -p "$cluster_dir/spool/n$i" "$cluster_dir/scratch/n$i"
		cluster_slurmd "n$i"
	done
	cluster_operator >"$cluster_dir/log/operator" 2>&1 </dev/null &
	echo "$! operator" >>"$cluster_dir/pids"
	cluster_until 60 cluster_idle "$nodes"
}

# What runs on node $1 besides its slurmd: the processes of jobs, and the slurmstepd above them.
cluster_node_pids() {
	local pid up
	for pid in $(grep -lsz "^SLURMD_NODENAME=$1\$" /proc/[0-9]*/environ | grep -oE '[0-9]+'); do
		echo "$pid"
		up=$pid
		while up=$(awk '/^PPid:/ { print $2 }' "/proc/$up/status" 2>/dev/null) && [ "${up:-0}" -gt 1 ]; do
			grep -qsa slurmstepd "/proc/$up/cmdline" && echo "$up"
		done
	done | sort -un
}

# As if its power went away: the node's daemon and all of its jobs at once.
cluster_kill_node() {
	local pids
	pids=$(cluster_node_pids "$1")
	kill -KILL "${cluster_pid[slurmd-$1]}" $pids 2>/dev/null
}

cluster_quiet() { [ -z "$(squeue -h -t PD,R,CG 2>/dev/null)" ]; }

cluster_stop() {
	local pid name
	[ -n "${cluster_dir:-}" ] || return 0
	scancel --quiet --user="$(id -un)" 2>/dev/null && cluster_until 15 cluster_quiet
	while read -r pid name; do
		[ "$name" = munged ] || kill "$pid" 2>/dev/null
	done <"$cluster_dir/pids"
	sleep 1
	while read -r pid name; do
		kill -KILL "$pid" 2>/dev/null
	done <"$cluster_dir/pids"
	wait 2>/dev/null
}
